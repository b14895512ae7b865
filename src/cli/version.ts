export { programVersion as version } from '../archive/program-version.ts';
