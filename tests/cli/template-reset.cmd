m template remove t1 t2 --yes
m template list
m template reset
m template list
m --json template reset
