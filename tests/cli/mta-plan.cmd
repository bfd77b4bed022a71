m server set mta.hostname mx.example.com mta.backend directory
m --no-push domain enable-dkim example.com
m mta plan | undated
m --json mta plan | undated
m mta push
m mta plan
