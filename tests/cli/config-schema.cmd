m config schema | head -40
m --json config schema | tail -n +2 | jq -c '."$defs".domainSettings.properties["dns.ttl"], .properties.format'
