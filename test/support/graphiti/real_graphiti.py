"""Runs the real graphiti_core on one graph: reads steps as JSON from stdin, prints what each gave as JSON.

Its models are deterministic and need no network: vectors are those of `toy-embedder.ts`, the language model says what the step gives it.
"""

import asyncio
import hashlib
import json
import logging
import math
import os
import sys
from datetime import datetime

REQUEST = json.load(sys.stdin)
os.environ['EMBEDDING_DIM'] = str(REQUEST['dimension'])
os.environ['GRAPHITI_TELEMETRY_ENABLED'] = 'false'

from graphiti_core import Graphiti
from graphiti_core.cross_encoder.client import CrossEncoderClient
from graphiti_core.driver.falkordb_driver import FalkorDriver
from graphiti_core.edges import EntityEdge, EpisodicEdge
from graphiti_core.embedder.client import EmbedderClient
from graphiti_core.llm_client.client import LLMClient
from graphiti_core.nodes import CommunityNode, EntityNode, EpisodeType, EpisodicNode, SagaNode
from graphiti_core.search import search_config_recipes
from graphiti_core.utils.datetime_utils import utc_now

GROUP = REQUEST['group']
logged = []


class Collect(logging.Handler):
    def emit(self, record):
        logged.append(record.getMessage()[:500])


logging.getLogger().addHandler(Collect(level=logging.ERROR))


class Embedder(EmbedderClient):
    async def create(self, input_data):
        return vector(input_data if isinstance(input_data, str) else input_data[0])

    async def create_batch(self, input_data_list):
        return [vector(text) for text in input_data_list]


def vector(text):
    dimension = REQUEST['dimension']
    sums = [0.0] * dimension
    letters = text.lower()
    for start in range(len(letters) - 2):
        digest = hashlib.md5(letters[start : start + 3].encode()).digest()
        number = int.from_bytes(digest, 'big')
        sums[number % dimension] += 1 if (number >> 8) & 1 else -1
    length = math.sqrt(sum(value * value for value in sums)) or 1
    return [value / length for value in sums]


class Model(LLMClient):
    """Extracts what the step says, joins and ends nothing."""

    def __init__(self):
        super().__init__(None)
        self.extracted = {}

    async def _generate_response(self, messages, response_model=None, *args, **kwargs):
        name = response_model.__name__ if response_model else ''
        if name == 'ExtractedEntities':
            return {'extracted_entities': [{'name': it, 'entity_type_id': 0} for it in self.extracted.get('entities', [])]}
        if name == 'ExtractedEdges':
            return {'edges': self.extracted.get('facts', [])}
        if name == 'NodeResolutions':
            return {'entity_resolutions': []}
        if name == 'EdgeDuplicate':
            return {'duplicate_facts': [], 'contradicted_facts': []}
        if name == 'SummarizedEntities':
            return {'summaries': []}
        if name == 'EdgeTimestamps':
            return {'valid_at': None, 'invalid_at': None}
        if name == 'BatchEdgeTimestamps':
            return {'timestamps': []}
        raise ValueError(f'No answer is prepared for {name}.')


class Ranker(CrossEncoderClient):
    async def rank(self, query, passages):
        wanted = set(query.lower().split())
        scored = [(it, len(wanted & set(it.lower().split())) / max(1, len(wanted))) for it in passages]
        return sorted(scored, key=lambda pair: pair[1], reverse=True)


def plain(it):
    shown = it.model_dump(mode='json')
    shown.pop('name_embedding', None)
    shown.pop('fact_embedding', None)
    return shown


async def read(graphiti, step):
    driver = graphiti.driver
    kinds = {
        'entities': EntityNode,
        'episodes': EpisodicNode,
        'communities': CommunityNode,
        'sagas': SagaNode,
        'facts': EntityEdge,
        'mentions': EpisodicEdge,
    }
    found = {}
    for name, kind in kinds.items():
        try:
            found[name] = [plain(it) for it in await kind.get_by_group_ids(driver, [GROUP])]
        except Exception as error:
            # Edges that are not there are an error of their own.
            if 'NotFound' not in type(error).__name__:
                raise
            found[name] = []
        for it in found[name]:
            again = plain(await kind.get_by_uuid(driver, it['uuid']))
            assert again == it, f'{again} is not {it}'
    vectors = 0
    for node in await EntityNode.get_by_group_ids(driver, [GROUP]):
        await node.load_name_embedding(driver)
        vectors += len(node.name_embedding or []) == REQUEST['dimension']
    for edge in await EntityEdge.get_by_group_ids(driver, [GROUP]) if found['facts'] else []:
        await edge.load_fact_embedding(driver)
        vectors += len(edge.fact_embedding or []) == REQUEST['dimension']
    return {**found, 'vectors': vectors}


async def search(graphiti, step):
    recipes = {name: config for name, config in vars(search_config_recipes).items() if name.endswith(tuple(ENDS))}
    results = {}
    for name, config in recipes.items():
        found = await graphiti.search_(
            step['query'], config=config, group_ids=[GROUP], center_node_uuid=step.get('center')
        )
        results[name] = {
            'facts': [it.fact for it in found.edges],
            'entities': [it.name for it in found.nodes],
            'episodes': [it.content for it in found.episodes],
            'communities': [it.name for it in found.communities],
        }
    plainly = await graphiti.search(step['query'], group_ids=[GROUP])
    return {'recipes': results, 'search': [it.fact for it in plainly]}


ENDS = ['_RRF', '_MMR', '_CROSS_ENCODER', '_NODE_DISTANCE', '_EPISODE_MENTIONS']


async def add_episode(graphiti, step):
    graphiti.llm_client.extracted = step
    added = await graphiti.add_episode(
        name='from Python',
        episode_body=step['content'],
        source_description='graphiti_core',
        reference_time=datetime.fromisoformat(step['time']),
        source=EpisodeType[step['source']],
        group_id=GROUP,
        saga=step.get('saga'),
    )
    return {'episode': plain(added.episode), 'entities': [plain(it) for it in added.nodes], 'facts': [plain(it) for it in added.edges]}


async def add_triplet(graphiti, step):
    async def entity(name):
        # As its MCP server does: an entity that is there is given by its uuid.
        nodes = await EntityNode.get_by_group_ids(graphiti.driver, [GROUP])
        known = [it for it in nodes if it.name == name]
        return known[0] if known else EntityNode(name=name, group_id=GROUP)

    source, target = await entity(step['source']), await entity(step['target'])
    edge = EntityEdge(
        group_id=GROUP,
        source_node_uuid=source.uuid,
        target_node_uuid=target.uuid,
        created_at=utc_now(),
        name=step['relation'],
        fact=step['fact'],
    )
    added = await graphiti.add_triplet(source, edge, target)
    return {'entities': [plain(it) for it in added.nodes], 'facts': [plain(it) for it in added.edges]}


async def remove_episode(graphiti, step):
    await graphiti.remove_episode(step['uuid'])
    return None


STEPS = {
    'read': read,
    'search': search,
    'add_episode': add_episode,
    'add_triplet': add_triplet,
    'remove_episode': remove_episode,
}


async def main():
    driver = FalkorDriver(host=REQUEST['host'], port=REQUEST['port'], database=GROUP)
    graphiti = Graphiti(graph_driver=driver, llm_client=Model(), embedder=Embedder(), cross_encoder=Ranker())
    await graphiti.build_indices_and_constraints()
    answers = [await STEPS[step['do']](graphiti, step) for step in REQUEST['steps']]
    await graphiti.close()
    json.dump({'answers': answers, 'errors': logged}, sys.stdout)


asyncio.run(main())
