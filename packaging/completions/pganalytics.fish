# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pganalytics_global_optspecs
    string join \n h/help V/version
end

function __fish_pganalytics_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pganalytics_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pganalytics_using_subcommand
    set -l cmd (__fish_pganalytics_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pganalytics -n "__fish_pganalytics_needs_command" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_needs_command" -s V -l version -d 'Print version'
complete -c pganalytics -n "__fish_pganalytics_needs_command" -f -a "serve" -d 'Run the daemon until SIGTERM'
complete -c pganalytics -n "__fish_pganalytics_needs_command" -f -a "demo" -d 'Show it at work: a daemon, an agent and a small database, gone without a trace when it ends'
complete -c pganalytics -n "__fish_pganalytics_needs_command" -f -a "check" -d 'Say every problem of a configuration at once, and write nothing'
complete -c pganalytics -n "__fish_pganalytics_needs_command" -f -a "user" -d 'Manage users on this machine, also when nobody can sign in'
complete -c pganalytics -n "__fish_pganalytics_needs_command" -f -a "verify" -d 'Check every checksum of every file of the data directory, while no daemon runs'
complete -c pganalytics -n "__fish_pganalytics_needs_command" -f -a "metrics" -d 'Decide what becomes of metrics that are missing'
complete -c pganalytics -n "__fish_pganalytics_needs_command" -f -a "certificate" -d 'Show what agents and browsers are to trust'
complete -c pganalytics -n "__fish_pganalytics_needs_command" -f -a "key" -d 'List and rotate the keys that encrypt and sign'
complete -c pganalytics -n "__fish_pganalytics_needs_command" -f -a "audit" -d 'Examine the audit log'
complete -c pganalytics -n "__fish_pganalytics_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand serve" -l config -d 'Configuration file; without it, defaults and the environment' -r -F
complete -c pganalytics -n "__fish_pganalytics_using_subcommand serve" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand serve" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand demo" -l listen -d 'Loopback address and port; without it 127.0.0.1:8080, or a free port when that one is taken' -r
complete -c pganalytics -n "__fish_pganalytics_using_subcommand demo" -l data-dir -d 'Empty folder for the stores, emptied again at the end; without it, a temporary one' -r -F
complete -c pganalytics -n "__fish_pganalytics_using_subcommand demo" -l output -d 'How it says where it is and what it watches' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand demo" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand check" -l config -d 'Configuration file; without it, defaults and the environment' -r -F
complete -c pganalytics -n "__fish_pganalytics_using_subcommand check" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand check" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and not __fish_seen_subcommand_from add list disable enable reset-password help" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and not __fish_seen_subcommand_from add list disable enable reset-password help" -f -a "add" -d 'Add a user'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and not __fish_seen_subcommand_from add list disable enable reset-password help" -f -a "list" -d 'List all users'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and not __fish_seen_subcommand_from add list disable enable reset-password help" -f -a "disable" -d 'Let a user no longer sign in'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and not __fish_seen_subcommand_from add list disable enable reset-password help" -f -a "enable" -d 'Let a user sign in again'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and not __fish_seen_subcommand_from add list disable enable reset-password help" -f -a "reset-password" -d 'Set a new password and end the user\'s sessions'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and not __fish_seen_subcommand_from add list disable enable reset-password help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from add" -l role -d 'admin, operator, viewer or auditor' -r
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from add" -l config -d 'Configuration file; without it, defaults and the environment' -r -F
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from add" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from add" -l password-stdin -d 'Read the password from standard input: its first line'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from list" -l config -d 'Configuration file; without it, defaults and the environment' -r -F
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from list" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from disable" -l config -d 'Configuration file; without it, defaults and the environment' -r -F
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from disable" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from disable" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from enable" -l config -d 'Configuration file; without it, defaults and the environment' -r -F
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from enable" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from enable" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from reset-password" -l config -d 'Configuration file; without it, defaults and the environment' -r -F
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from reset-password" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from reset-password" -l password-stdin -d 'Read the password from standard input: its first line'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from reset-password" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add a user'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from help" -f -a "list" -d 'List all users'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from help" -f -a "disable" -d 'Let a user no longer sign in'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from help" -f -a "enable" -d 'Let a user sign in again'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from help" -f -a "reset-password" -d 'Set a new password and end the user\'s sessions'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand user; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand verify" -l config -d 'Configuration file; without it, defaults and the environment' -r -F
complete -c pganalytics -n "__fish_pganalytics_using_subcommand verify" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand verify" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand metrics; and not __fish_seen_subcommand_from accept-loss help" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand metrics; and not __fish_seen_subcommand_from accept-loss help" -f -a "accept-loss" -d 'Begin with new metrics where their file is missing, or go on with an older copy of it, and no backup has more; the audit log keeps that it was done'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand metrics; and not __fish_seen_subcommand_from accept-loss help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand metrics; and __fish_seen_subcommand_from accept-loss" -l config -d 'Configuration file; without it, defaults and the environment' -r -F
complete -c pganalytics -n "__fish_pganalytics_using_subcommand metrics; and __fish_seen_subcommand_from accept-loss" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand metrics; and __fish_seen_subcommand_from accept-loss" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand metrics; and __fish_seen_subcommand_from help" -f -a "accept-loss" -d 'Begin with new metrics where their file is missing, or go on with an older copy of it, and no backup has more; the audit log keeps that it was done'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand metrics; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand certificate; and not __fish_seen_subcommand_from authority help" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand certificate; and not __fish_seen_subcommand_from authority help" -f -a "authority" -d 'Print the certificate of the internal authority, and the hash that agents pin with --ca-sha256'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand certificate; and not __fish_seen_subcommand_from authority help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand certificate; and __fish_seen_subcommand_from authority" -l config -d 'Configuration file; without it, defaults and the environment' -r -F
complete -c pganalytics -n "__fish_pganalytics_using_subcommand certificate; and __fish_seen_subcommand_from authority" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand certificate; and __fish_seen_subcommand_from authority" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand certificate; and __fish_seen_subcommand_from help" -f -a "authority" -d 'Print the certificate of the internal authority, and the hash that agents pin with --ca-sha256'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand certificate; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and not __fish_seen_subcommand_from list rotate remove generate help" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and not __fish_seen_subcommand_from list rotate remove generate help" -f -a "list" -d 'Show the keys, and how much stands under each of them'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and not __fish_seen_subcommand_from list rotate remove generate help" -f -a "rotate" -d 'Add keys that seal and sign from now on; a running daemon takes them up, and encrypts anew what there is'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and not __fish_seen_subcommand_from list rotate remove generate help" -f -a "remove" -d 'Take a root key out of the ring when nothing stands under it any more; backups of before need it still'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and not __fish_seen_subcommand_from list rotate remove generate help" -f -a "generate" -d 'Print the line of a new root key, for a ring that the site keeps itself, such as in a credential'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and not __fish_seen_subcommand_from list rotate remove generate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from list" -l config -d 'Configuration file; without it, defaults and the environment' -r -F
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from list" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from rotate" -l config -d 'Configuration file; without it, defaults and the environment' -r -F
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from rotate" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from rotate" -l only -d 'One kind of key only' -r -f -a "root\t'What secrets are encrypted with'
signing\t'What tokens and checkpoints are signed with'"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from remove" -l config -d 'Configuration file; without it, defaults and the environment' -r -F
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from remove" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from generate" -l id -d 'The number of the key: one more than the last of the ring' -r
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from generate" -l output -d 'How it is printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from generate" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "list" -d 'Show the keys, and how much stands under each of them'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "rotate" -d 'Add keys that seal and sign from now on; a running daemon takes them up, and encrypts anew what there is'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Take a root key out of the ring when nothing stands under it any more; backups of before need it still'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "generate" -d 'Print the line of a new root key, for a ring that the site keeps itself, such as in a credential'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand key; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand audit; and not __fish_seen_subcommand_from verify accept-loss help" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand audit; and not __fish_seen_subcommand_from verify accept-loss help" -f -a "verify" -d 'Recompute every hash; exit status 1 when an entry was edited, deleted or inserted'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand audit; and not __fish_seen_subcommand_from verify accept-loss help" -f -a "accept-loss" -d 'Go on with an older copy of the registry, where no backup has a newer one; the audit log keeps that it was done. What was revoked or removed since then is there again'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand audit; and not __fish_seen_subcommand_from verify accept-loss help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand audit; and __fish_seen_subcommand_from verify" -l config -d 'Configuration file; without it, defaults and the environment' -r -F
complete -c pganalytics -n "__fish_pganalytics_using_subcommand audit; and __fish_seen_subcommand_from verify" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand audit; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand audit; and __fish_seen_subcommand_from accept-loss" -l config -d 'Configuration file; without it, defaults and the environment' -r -F
complete -c pganalytics -n "__fish_pganalytics_using_subcommand audit; and __fish_seen_subcommand_from accept-loss" -l output -d 'How results are printed' -r -f -a "text\t''
json\t''"
complete -c pganalytics -n "__fish_pganalytics_using_subcommand audit; and __fish_seen_subcommand_from accept-loss" -s h -l help -d 'Print help'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Recompute every hash; exit status 1 when an entry was edited, deleted or inserted'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "accept-loss" -d 'Go on with an older copy of the registry, where no backup has a newer one; the audit log keeps that it was done. What was revoked or removed since then is there again'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and not __fish_seen_subcommand_from serve demo check user verify metrics certificate key audit help" -f -a "serve" -d 'Run the daemon until SIGTERM'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and not __fish_seen_subcommand_from serve demo check user verify metrics certificate key audit help" -f -a "demo" -d 'Show it at work: a daemon, an agent and a small database, gone without a trace when it ends'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and not __fish_seen_subcommand_from serve demo check user verify metrics certificate key audit help" -f -a "check" -d 'Say every problem of a configuration at once, and write nothing'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and not __fish_seen_subcommand_from serve demo check user verify metrics certificate key audit help" -f -a "user" -d 'Manage users on this machine, also when nobody can sign in'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and not __fish_seen_subcommand_from serve demo check user verify metrics certificate key audit help" -f -a "verify" -d 'Check every checksum of every file of the data directory, while no daemon runs'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and not __fish_seen_subcommand_from serve demo check user verify metrics certificate key audit help" -f -a "metrics" -d 'Decide what becomes of metrics that are missing'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and not __fish_seen_subcommand_from serve demo check user verify metrics certificate key audit help" -f -a "certificate" -d 'Show what agents and browsers are to trust'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and not __fish_seen_subcommand_from serve demo check user verify metrics certificate key audit help" -f -a "key" -d 'List and rotate the keys that encrypt and sign'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and not __fish_seen_subcommand_from serve demo check user verify metrics certificate key audit help" -f -a "audit" -d 'Examine the audit log'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and not __fish_seen_subcommand_from serve demo check user verify metrics certificate key audit help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and __fish_seen_subcommand_from user" -f -a "add" -d 'Add a user'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and __fish_seen_subcommand_from user" -f -a "list" -d 'List all users'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and __fish_seen_subcommand_from user" -f -a "disable" -d 'Let a user no longer sign in'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and __fish_seen_subcommand_from user" -f -a "enable" -d 'Let a user sign in again'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and __fish_seen_subcommand_from user" -f -a "reset-password" -d 'Set a new password and end the user\'s sessions'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and __fish_seen_subcommand_from metrics" -f -a "accept-loss" -d 'Begin with new metrics where their file is missing, or go on with an older copy of it, and no backup has more; the audit log keeps that it was done'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and __fish_seen_subcommand_from certificate" -f -a "authority" -d 'Print the certificate of the internal authority, and the hash that agents pin with --ca-sha256'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "list" -d 'Show the keys, and how much stands under each of them'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "rotate" -d 'Add keys that seal and sign from now on; a running daemon takes them up, and encrypts anew what there is'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "remove" -d 'Take a root key out of the ring when nothing stands under it any more; backups of before need it still'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and __fish_seen_subcommand_from key" -f -a "generate" -d 'Print the line of a new root key, for a ring that the site keeps itself, such as in a credential'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "verify" -d 'Recompute every hash; exit status 1 when an entry was edited, deleted or inserted'
complete -c pganalytics -n "__fish_pganalytics_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "accept-loss" -d 'Go on with an older copy of the registry, where no backup has a newer one; the audit log keeps that it was done. What was revoked or removed since then is there again'
