export const HELP = `memory-manager: durable, temporal memory for coding agents

  memory-manager store <content or -> [metadata_json]     store a text
  memory-manager store-many <file or ->                   store many texts, as JSON lines
  memory-manager fact <source> <relation> <target>        store one fact without a model
  memory-manager query <search_query>                     search; prints a bullet list
  memory-manager entities [entity_type]                   list entities and their types
  memory-manager episode <uuid or name>                   one episode, its facts and its cost
  memory-manager history <entity>                         facts of an entity over time
  memory-manager communities | saga                       related entities; chains of episodes
  memory-manager briefing | confirm <uuid>                start of a session; accept a rule
  memory-manager forget <kind> <what>                     remove an episode, fact, entity, …
  memory-manager import [format] <file or ->              import another memory's data
  memory-manager export | archive <action>                export as JSON; verify, restore, …
  memory-manager reembed                                  change the embedder of a memory
  memory-manager dead-letter <action>                     failed jobs: list, replay, drop

  memory-manager up | down      start or stop Valkey, FalkorDB and a worker on this machine
  memory-manager worker         run a worker with your own servers
  memory-manager mcp            serve the memory to agents over MCP
  memory-manager install        connect opencode, Claude Code (by hook) or an MCP client
  memory-manager status|config  state of servers, queues and workers; all settings

Every command: --group <name>, --json, --help. Errors: one sentence on stderr, exit status 1.`;
