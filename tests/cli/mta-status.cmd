m mta status
m --json mta status
m server set mta.backend directory mta.hostname mx.example.com
m mta status | undated
m --json mta status | undated
