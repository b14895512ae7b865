import { CLAUDE_CODE } from '../support/hosts/claude-agent.ts';
import { agentContract } from '../support/hosts/contract.ts';

agentContract('Claude Code', CLAUDE_CODE);
