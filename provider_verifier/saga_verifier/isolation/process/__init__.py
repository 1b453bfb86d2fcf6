"""The backend `process`: a program in a process group of its own that dies with the harness."""
