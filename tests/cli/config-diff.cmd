m domain add example.com
cat >new.yaml <<'END'
format: 1
server:
  spf.mode: 3
domains:
  example.com:
    settings:
      dns.ttl: 600
    records:
      - id: t1
        data: v=spf1 mx -all
  example.net: {}
END
m config diff new.yaml
m --json config diff new.yaml
# what the file lacks
m server set dmarc.reject off
m config diff --prune new.yaml
m config export all.yaml
m config diff all.yaml
m config diff --prune - <all.yaml
m config diff nope.yaml
