import { server } from './plugin-hooks.ts';
import { setup } from './v2/setup.ts';

/** `server` is what opencode 1 calls, `setup` what OpenCode 2 calls. Neither looks at anything else of a module in this form. */
export default { id: 'memory-manager', server, setup };
