m server set mta.hostname mx.example.com
m domain add example.com example.net
m domain enable-dkim example.com
m key list | undated
m --json domain enable-dkim example.net
# nothing to do
m domain enable-dkim example.com
# not in the store: added, unless it is near to one that is
m domain enable-dkim example.org
m domain enable-dkim exampel.com
m domain set example.org dkim.algorithm both
m domain enable-dkim example.org
m domain add external.example off.example
m domain set external.example dns.service external
m domain set off.example dns.service off
m domain enable-dkim external.example | unkeyed
m domain enable-dkim off.example
m domain enable-dkim external.example --sign-now | unkeyed
m server set dkim.sign off
m domain enable-dkim later.example
m domain enable-dkim
# one name that cannot be does not keep the others from it
m --quiet server set dkim.sign on
m --quiet domain add a.example rests.example c.example
m --quiet domain suspend rests.example
m domain add --alias-of a.example alias.example
m domain enable-dkim a.example rests.example 'bad..name' alias.example exampel.com c.example
m key list | grep -E '^(a|b|c|rests|alias).example ' | undated
