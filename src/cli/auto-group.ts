/** The name that stands for the memory of the working folder's project. */
export const AUTO_GROUP = 'auto';
