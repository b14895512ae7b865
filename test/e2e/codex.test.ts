import { CODEX } from '../support/hosts/codex-agent.ts';
import { agentContract } from '../support/hosts/contract.ts';

agentContract('Codex', CODEX);
