"""The quality of a mesh call over narrow and lossy lines, with real browsers."""
