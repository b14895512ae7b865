export const HELP = `memory-manager: durable, temporal memory for coding agents

  memory-manager store <content or -> [metadata_json]     remember a text
  memory-manager store-many <file or ->                   remember many, as JSON lines
  memory-manager fact <source> <relation> <target>        remember one fact as it is
  memory-manager query <search_query>                     what is known, as a bullet list
  memory-manager entities [entity_type]                   names and types
  memory-manager episode <uuid or name>                   one episode, its facts and what it cost
  memory-manager history <entity>                         what held when, and when it became known
  memory-manager communities | saga                       what belongs together; chains of episodes
  memory-manager briefing | confirm <uuid>                what a session begins with; accept a rule
  memory-manager forget <kind> <what>                     an episode, fact, entity, query or session
  memory-manager import [format] <file or ->              what another memory wrote
  memory-manager export | archive <action>                write it all as JSON; verify, restore …
  memory-manager reembed                                  change the embedder of what is stored
  memory-manager dead-letter <action>                     jobs that were given up: list, replay …

  memory-manager up | down      start or stop Valkey, FalkorDB and a worker on this machine
  memory-manager worker         run a worker beside servers of your own
  memory-manager mcp            serve the memory to agents over MCP
  memory-manager install        put the memory into opencode, Claude Code (by hook) or an MCP client
  memory-manager status|config  what waits, runs and is stored; every setting and its origin

Every command: --group <name>, --json, --help. Errors: one sentence on stderr, exit status 1.`;
