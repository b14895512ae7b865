import type { Tool } from '../tool.ts';
import { addMemory } from './add-memory.ts';
import { addTriplet } from './add-triplet.ts';
import { getBriefing } from './briefing.ts';
import { clearGraph, deleteEntityEdge, deleteEpisode } from './forget.ts';
import { getEntityEdge, getEpisodeEntities, getEpisodes } from './lookup.ts';
import { searchFacts, searchNodes } from './search.ts';
import { getMemoryStatus, getStatus } from './status.ts';
import { buildCommunities, summarizeSaga } from './upkeep.ts';

const ALWAYS: readonly Tool[] = [
  ...[searchFacts, searchNodes, addMemory, addTriplet, getBriefing, getMemoryStatus],
  ...[getEpisodes, getEpisodeEntities, getEntityEdge],
  ...[deleteEpisode, deleteEntityEdge],
  ...[summarizeSaga, buildCommunities, getStatus],
];

/** Those that models need most first. */
export function toolsFor(allowClear: boolean): readonly Tool[] {
  return allowClear ? [...ALWAYS, clearGraph] : ALWAYS;
}
