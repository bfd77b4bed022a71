m server set mta.hostname mx.example.com
m domain add example.com example.net
m record set example.com t2 'v=DMARC1; p=reject'
m template set t2 'v=DMARC1; p=quarantine'
m record list example.net
m template apply example.net
m record list example.net
m --json template apply --all
# its own edit stays
m record list example.com
# the trail: a row for all where they followed the same revision, one for each where not
m domain add example.org
m template set t2 'v=DMARC1; p=reject'
m template apply example.org
m --json audit show 13 | undated
m template set t2 'v=DMARC1; p=none'
m template apply --all
m --json audit show 15 | undated
m template add www A 192.0.2.80
m template apply --all
m --json audit show 17 | undated
# the newest already: no row
m template apply example.net
m template apply --all
m audit list --limit 1 | undated
# template and edits contradict: nothing moves, whether one or all
m record add example.com mail CNAME mx.example.com.
m record add example.net ftp A 192.0.2.80
m template add mail A 192.0.2.25
m template apply example.com
m template apply --all
m template apply example.net
m record list example.com
m record list example.net
m record list example.org
