/** The development packages that the build needs. The others test, check and draw, and a clone that is only used does without them. */
export const FOR_BUILD = [
  '@preact/signals',
  '@types/d3-force',
  '@types/node',
  '@types/write-file-atomic',
  'd3-force',
  'preact',
  'rolldown',
  'typescript',
];
