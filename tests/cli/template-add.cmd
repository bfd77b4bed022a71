m template add '<domain>.' MX '10 <hostname>.'
m template list
m --json template add 'www.<domain>.' A '<ip>' --ttl 300
m template list
m template add '<domain>.' TXT 'v=spf1 -all'
m template add '<nothing>.' A 192.0.2.1
m template add '<domain>.' A 300.0.0.1
