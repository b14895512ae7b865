import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sharedFile } from '../../../support/shared.ts';
import { endings, reading, stated } from './episodes.ts';

const GOLDEN = 'data/graphiti-golden/graph.json';
const file = sharedFile(GOLDEN);

interface Node {
  labels: string[];
  properties: { content: string; source: 'text' | 'message' | 'json'; valid_at: string };
}

function episodes(): Node['properties'][] {
  const { nodes } = JSON.parse(readFileSync(file ?? '', 'utf8')) as { nodes: Node[] };
  return nodes.filter(({ labels }) => labels.includes('Episodic')).map(({ properties }) => properties);
}

describe(`the episodes of ${GOLDEN}${file ? '' : ' (skipped: it is not beside the project)'}`, () => {
  it.skipIf(!file)('yield most of what a large model found in them', () => {
    const readings = episodes().map(({ content, source, valid_at }) => reading(content, source, new Date(valid_at)));
    expect(readings.flatMap(stated)).toEqual(
      expect.arrayContaining([
        'Ines Aalto LEADS Lighthouse',
        'Mira Okafor BECAME_TECH_LEAD_OF Harbor',
        'Harbor KEEPS_IN Redis 7',
        'Harbor USES Valkey 8',
        'Lighthouse USES Svelte',
        'Lighthouse USES HTTP',
        'Harbor BACKED_UP_TO Backblaze B2',
      ]),
    );
    expect(readings.flatMap(endings).sort()).toEqual([
      'Harbor / RabbitMQ 2025-04-15',
      'Harbor / Redis 2025-03-10',
      'Lighthouse / gRPC 2025-05-19',
    ]);
  });
});
