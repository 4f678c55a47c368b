# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pganalytics_collector_global_optspecs
    string join \n h/help V/version
end

function __fish_pganalytics_collector_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pganalytics_collector_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pganalytics_collector_using_subcommand
    set -l cmd (__fish_pganalytics_collector_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pganalytics-collector -n "__fish_pganalytics_collector_needs_command" -s h -l help -d 'Print help'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_needs_command" -s V -l version -d 'Print version'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_needs_command" -f -a "run" -d 'Collect and push until SIGTERM'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_needs_command" -f -a "register" -d 'Exchange a registration secret for an identity, written beside the configuration'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_needs_command" -f -a "check" -d 'Try every source and the daemon; name what is missing and the GRANT that gives it'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_needs_command" -f -a "once" -d 'Print one collection as JSON'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_needs_command" -f -a "worker" -d 'Collect for a supervisor (internal)'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand run" -l config -d 'Configuration file; without it, the environment or /etc/pganalytics/collector.toml' -r -F
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand run" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand run" -s h -l help -d 'Print help'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand register" -l config -d 'Configuration file to enter the identity into; made when it is not there' -r -F
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand register" -l url -d 'The daemon\'s address' -r
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand register" -l name -d 'The name that the collector shall have' -r
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand register" -l ca-file -d 'Certificate of the authority that the daemon\'s certificate comes from' -r -F
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand register" -l ca-sha256 -d 'SHA-256 of that certificate: it is fetched from the daemon, compared, and kept beside the configuration' -r
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand register" -l secret-file -d 'Read the registration secret from a file' -r -F
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand register" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand register" -l secret-stdin -d 'Read the registration secret from standard input'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand register" -s h -l help -d 'Print help'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand check" -l config -d 'Configuration file; without it, the environment or /etc/pganalytics/collector.toml' -r -F
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand check" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand check" -s h -l help -d 'Print help'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand once" -l config -d 'Configuration file; without it, the environment or /etc/pganalytics/collector.toml' -r -F
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand once" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand once" -s h -l help -d 'Print help'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand worker" -l config -d 'Configuration file; without it, the environment or /etc/pganalytics/collector.toml' -r -F
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand worker" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand worker" -l state -d 'Where the supervisor keeps what the daemon decided' -r -F
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand worker" -s h -l help -d 'Print help'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand help; and not __fish_seen_subcommand_from run register check once worker help" -f -a "run" -d 'Collect and push until SIGTERM'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand help; and not __fish_seen_subcommand_from run register check once worker help" -f -a "register" -d 'Exchange a registration secret for an identity, written beside the configuration'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand help; and not __fish_seen_subcommand_from run register check once worker help" -f -a "check" -d 'Try every source and the daemon; name what is missing and the GRANT that gives it'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand help; and not __fish_seen_subcommand_from run register check once worker help" -f -a "once" -d 'Print one collection as JSON'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand help; and not __fish_seen_subcommand_from run register check once worker help" -f -a "worker" -d 'Collect for a supervisor (internal)'
complete -c pganalytics-collector -n "__fish_pganalytics_collector_using_subcommand help; and not __fish_seen_subcommand_from run register check once worker help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
