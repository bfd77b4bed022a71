m mta backends
m --json mta backends
