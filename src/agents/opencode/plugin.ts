import { server } from './server.ts';

/** opencode looks at nothing else of a plugin's module when it has this form. */
export default { id: 'memory-manager', server };
