export { programVersion as version } from '../archive/manifest.ts';
