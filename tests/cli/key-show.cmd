m server set mta.hostname mx.example.com
m domain enable-dkim example.com
m key show example.com | undated | unkeyed
m key show example.com default | undated | unkeyed
m --json key show example.com default | undated | unkeyed
m key show example.com other
