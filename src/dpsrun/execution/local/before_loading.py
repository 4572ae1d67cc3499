"""What the server imports first: the collector would stop its loading again and again."""

import gc

gc.disable()
