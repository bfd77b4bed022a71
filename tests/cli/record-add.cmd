m server set mta.hostname mx.example.com
m domain add example.com
m record add example.com www A 192.0.2.80
m record add example.com @ MX '10 mail.example.com.'
m --json record add example.com @ TXT 'text; "quoted" \ as typed' --ttl 60
m record list example.com
m record add example.com @ TXT 'v=spf1 -all'
m record add example.com www A 192.0.2.300
m record add example.com www.example.net. A 192.0.2.80
m record list example.com
# what is typed and means something else
m record add example.com @ MX '10 mx2.example.com'
m record add example.com @ MX '10 192.0.2.1'
m record add example.com @ MX '10 2001:db8::1'
m record add example.com alias CNAME www.example.com
m record add example.com _submission._tcp SRV '0 1 587 mail.example.com'
m record add example.com far CNAME www.example.net
m record add example.com old SPF 'v=spf1 -all'
m record add example.com pasted TXT '"one " "two\; \"three\""'
m record add example.com word TXT 'a <word> of text'
m record add example.com word TXT 'a \<word> of text, \<domain> of <domain>'
# records of mail by their owner
m record add example.com s1._domainkey TXT 'v=DKIM1; k=rsa; p=not base64!'
m record add example.com s1._domainkey TXT 'v=DKIM1; k=ed25519; t=y; x=1; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='
m record add example.com _domainkey TXT 'v=DKIM1; p='
m record add example.com _mta-sts TXT 'v=STSv1; id='
m record add example.com _mta-sts TXT 'v=STSv1; id=20261130;'
m record add example.com _smtp._tls TXT 'v=TLSRPTv1; rua=tls@example.com'
m record add example.com default._bimi TXT 'v=BIMI1; l=http://example.com/logo.svg'
m record add example.com sender.example._report._dmarc TXT 'yes'
m record add example.com sender.example._report._dmarc TXT 'v=DMARC1'
m record add example.com sub TXT 'v=spf1include:spf.example.net'
m record add example.com dmarc TXT 'v=DMARC1; p=none'
m record add example.com _dmarc.sub TXT ' v=DMARC1; p=none'
m record add example.com _dmarc.sub TXT 'v=spf1 -all'
m record list example.com
# a subdomain that is a domain of its own
m domain add sub.example.com
m record add example.com www.sub A 192.0.2.81
m record add example.com sub A 192.0.2.81
m record add example.com sub NS ns1.example.net.
m record add example.com notsub A 192.0.2.81
# reject without DKIM
m record add sub.example.com x._dmarc TXT 'x'
