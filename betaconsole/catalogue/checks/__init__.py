"""The rules of preflight, one module to a subject. Each is a table or a function and is known by the code of its findings."""
