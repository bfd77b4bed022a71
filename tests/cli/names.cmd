# Many names at once: what one of them is not leaves the others alone, and the exit status tells.
m --quiet server set mta.hostname mx.example.com mta.backend directory dkim.algorithm ed25519
m domain add a.example b.example c.example
m domain add --alias-of a.example alias.example
m domain add d.example not_a_name d.example b.example e.example
m domain add --alias-of none.example f.example
m domain add --alias-of alias.example f.example
m domain add --alias-of a.example f.example a.example bad..name
m domain list
printf '\n  g.example  \r\n# a comment\nH.Example.\n\ni.example' >names
printf 'j.example\nJ.Example.\n' >doubled
printf 'j.example\nbad_name\n' >bad
m domain add --domains-from doubled
m domain add --domains-from bad
m --json --dry-run domain add --domains-from names | grep -c '"action": "add"'
m domain add --domains-from names
m domain add --domains-from absent
m domain add --domains-from .
m domain add --domains-from names j.example
m domain add
: >empty
m domain add --domains-from empty
printf 'k.example\nl.example\n' | m domain add --domains-from -
printf 'k.example\0l.example\n' >nul
m domain add --domains-from nul
m domain suspend c.example none.example bad..name
m domain suspend c.example
m domain enable-dkim a.example c.example alias.example none.example bad..name b.example
m domain enable-dkim c.example
m domain enable-dkim a.example
m domain enable-dkim bad..name
m key list | undated
m domain disable-dkim b.example bad..name none.example g.example
m domain disable-dkim b.example
m domain resume c.example b.example none.example bad..name
m domain suspend --domains-from bad
m domain suspend --domains-from names
m domain list
m domain resume --domains-from names
m template apply a.example none.example c.example bad..name alias.example
m template apply --all a.example
m zone export a.example none.example bad..name alias.example
m zone export --all a.example
m key check --published a.example none.example b.example bad..name alias.example
m key check --published
m key check --published --all a.example
m domain remove k.example none.example bad..name a.example l.example
m domain remove k.example
m domain list
m zone forget k.example a.example bad..name
m zone forget none.example
