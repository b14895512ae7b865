import type { MemberShapes } from '../../input-shapes.ts';
import type { ValuesOf } from '../../setting.ts';
import type { StepMetrics } from '../timed-step.ts';
import type { ArchiveStore } from './archive-store.ts';
import { B2, type B2Settings } from './b2/declaration.ts';

// The list of remote archive stores. Settings, configuration, checks of input and documentation are made from this list. If no store is
// configured, archives go to a folder. Declarations are loaded at every start, so they load their client only when it is used.

/** The settings of each store, by its name: a part of `Config`. Those that are not undefined choose the store; the first one counts. */
export interface StoreSettings {
  /** Undefined: exports go to `exportDir`. */
  readonly b2?: B2Settings | undefined;
}

/** Undefined if the store's settings are not given. */
export type OpenStore = (settings: StoreSettings, watched: StepMetrics) => Promise<ArchiveStore> | undefined;

export const STORES: Readonly<Record<keyof StoreSettings, OpenStore>> = { b2: B2.open };

/** Every environment variable of a store. */
export const STORE_VARIABLES = { ...B2.variables };

export const readStores = (values: ValuesOf<typeof STORE_VARIABLES>): StoreSettings => ({ b2: B2.read(values) });

/** The shapes of the part of `Config` about stores, for programs that pass one. */
export const storeShapes = (): MemberShapes<StoreSettings> => ({ b2: B2.shape() });
