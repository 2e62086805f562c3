// Leads on from an old address, with the fragment: a meta refresh would lose it.
window.location.replace(document.currentScript.dataset.to + window.location.search + window.location.hash);
