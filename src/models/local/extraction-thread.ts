export { extract as default } from './extract.ts';
