m template remove t2
m template list
m template remove t2
m --json template remove t1
m template list
