# no mail server below the root
m mta adopt --yes
m server set mta.hostname mx.example.com mta.backend directory
m mta adopt --yes
m --json mta adopt --yes
