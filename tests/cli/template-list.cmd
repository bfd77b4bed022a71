m template list
m --json template list
m --format tsv template list
