# Zones that changed, keys that became due, and what the mail server is behind with.  Quiet when all
# is well.  Under systemd mailauthctl.timer does the same.
PATH=/usr/sbin:/usr/bin:/sbin:/bin

*/5 * * * *  root  [ -d /run/systemd/system ] || [ ! -x /usr/sbin/mailauthctl ] || { mailauthctl zone export --all; mailauthctl mta push --quiet --scheduled; }
