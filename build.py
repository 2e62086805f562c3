"""The portal's command: `python build.py --help`."""

import gc
import os
import sys
from contextlib import suppress

gc.set_threshold(200_000)  # before the imports: nearly all that a command makes lives to its end
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # or it looks through all that is installed for some

from portal.cli import main  # noqa: E402

if __name__ == "__main__":
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)  # what a large portal's build knows goes back at once, not object by object
