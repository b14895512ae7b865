import type { Tool } from '../tool.ts';
import { addMemoryTool } from './add-memory.ts';
import { addTripletTool } from './add-triplet.ts';
import { getBriefingTool } from './briefing.ts';
import { clearGraphTool, deleteEntityEdgeTool, deleteEpisodeTool } from './forget.ts';
import { getEntityEdgeTool, getEpisodeEntitiesTool, getEpisodesTool } from './lookup.ts';
import { searchFactsTool, searchNodesTool } from './search.ts';
import { getMemoryStatusTool, getStatusTool } from './status.ts';
import { buildCommunitiesTool, summarizeSagaTool } from './upkeep.ts';

const ALWAYS: readonly Tool[] = [
  ...[searchFactsTool, searchNodesTool, addMemoryTool, addTripletTool, getBriefingTool, getMemoryStatusTool],
  ...[getEpisodesTool, getEpisodeEntitiesTool, getEntityEdgeTool],
  ...[deleteEpisodeTool, deleteEntityEdgeTool],
  ...[summarizeSagaTool, buildCommunitiesTool, getStatusTool],
];

/** The tools that models need most come first. */
export function toolsFor(allowClear: boolean): readonly Tool[] {
  return allowClear ? [...ALWAYS, clearGraphTool] : ALWAYS;
}
