// The types that this worker keeps. Everything else that its model reports is left out or becomes an `Entity`.
import { defineMemory } from '@memory-manager/memory-manager';
import * as z from 'zod';

export default defineMemory({
  entityTypes: {
    Ticket: {
      description: 'a ticket of the issue tracker, such as PAY-12',
      attributes: z.object({ project: z.string() }),
    },
  },
  factTypes: { BLOCKS: { description: 'one ticket must be done before another', ends: [['Ticket', 'Ticket']] } },
});
