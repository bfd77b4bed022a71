m server set spf.mode reject-fail
m --json server set spf.mode 4 dkim.rsa-bits 3072
m server get spf.mode
m server get dkim.rsa-bits
# several pairs are one change: all or nothing
m server set dkim.rsa-bits 4096 spf.mode 9
m server get dkim.rsa-bits
m server set dkim.rsa-bits 512
m server set dkim.sing off
m server set dkim.retire-after 4d
m server set mta.hostname localhost
m server set spf.mode
# DMARC needs both checks, and keeps them on
m server set dkim.verify off
m server set dmarc.check on
m server set dkim.verify on dmarc.check on
m server set dkim.verify off
m --dry-run server set spf.mode 1
m server get spf.mode
# once, where it is caused; and what nothing acts on
m server set spf.check on dmarc.check on spf.mode reject-fail
m server set dns.ttl 300
m server set dkim.rotate-after 90d
m server set mta.url https://mx.example.com
# what was set on purpose is held to what the named server can do
m server set mta.backend exim
m server set mta.backend exim dmarc.check off
m server unset dkim.rotate-after
# what the named server cannot do is refused, with what is nearest to it
m server set mta.backend icewarp dkim.algorithm both
m server set mta.backend icewarp spf.mode reject-neutral
m server set mta.backend icewarp spf.mode reject-softfail dkim.algorithm rsa
m server set mta.backend mailenable srs.enabled on spf.mode reject-fail
# the labels of a hosting panel, in both languages, are values too
m server set dkim.verify on spf.check on spf.mode ' only create Received-SPF headers, never block ' --no-push
m server get spf.mode
m server set spf.mode 'Reject mail if SPF resolves to "softfail"'
m --json server get spf.mode
m server set spf.mode 'Solo crear cabeceras SPF recibidas, NUNCA bloquear'
m server set dkim.sign 'allow signing outgoing mail' dkim.verify 'Verify incoming mail'
m server get dkim.verify
m server set spf.check 'Verify incoming mail'
m server set spf.mode 'SPF checking mode'
# a reply of SMTP is ASCII
m server set spf.explanation '¿Rechazado? Vea https://example.com/año?ip=%{i}, don’t worry'
m server set spf.explanation 'Отклонено'
m server unset spf.explanation spf.mode dmarc.check
m server set mta.backend mailenable
m server set spf.mode reject-neutral
m server set spf.explanation 'See example.com'
m server set mta.backend mailenable-standard
m server set spf.local-rules ip4:192.0.2.1
