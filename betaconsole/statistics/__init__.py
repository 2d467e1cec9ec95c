"""What the figures of a comparison say: pure, from numbers to numbers.

`live` is for the process that serves pages and needs Python alone. `working` needs scipy and runs in a process of its own;
`process` asks it. Nothing here knows Django or the rest of the console.
"""
