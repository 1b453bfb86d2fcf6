"""A worker: takes verification jobs, does each in a process of its own, and tells the broker what was found.

`engine` takes jobs from the work database, `running` does one, `order` lays out its folder and starts `child`, the process in
which foreign code is started, `unpacking` opens what came with an announcement, `process` holds a worker together, `commands`
are what people type.
"""
