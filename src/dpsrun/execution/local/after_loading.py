"""What the server imports last: workers share what is loaded, and no collection goes over it."""

import gc

gc.freeze()
gc.enable()
