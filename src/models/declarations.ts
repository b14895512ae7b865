import * as z from 'zod/mini';
import { type MemberShapes, nonEmptyText, objectOf, oneOf, wholeNumber } from '../input-shapes.ts';
import {
  choiceSetting,
  integerSetting,
  listed,
  optionalText,
  secret,
  serverAddress,
  setting,
  type ValuesOf,
} from '../setting.ts';
import type { Embedder } from './embedder.ts';
import type { LanguageModel } from './language-model.ts';
import { LOCAL } from './local/declaration.ts';
import { OPENAI, type OpenAISettings } from './openai/declaration.ts';
import { TRANSFORMERS } from './transformers/declaration.ts';

// The list of providers. Settings, configuration, checks of input, prices and documentation are made from this list. Declarations are loaded at every
// start, so they load their models only when asked.

/** Dollars per million tokens, in and out. */
export type Price = readonly [prompt: number, completion: number];

/** The data that the program needs before it loads a provider's code. `Settings` are those that its functions take. */
interface Provider<Settings, Model> {
  /** Whether each call goes to a server and may cost money. Otherwise the model is loaded into this process. */
  readonly isRemote: boolean;
  /** Settings that callers and workers must share, since one of them stores and the other searches. */
  readonly sharedSettings: readonly (keyof ModelValues)[];
  /** By the model's name without the date of a snapshot; MEMORY_PRICES sets others. */
  readonly prices?: Readonly<Record<string, Price>>;
  /** Reports settings with which no call could succeed; undefined if there are none. */
  problem?(settings: Settings): string | undefined;
  /** The server's name for the model, which tags metrics and has a price; undefined for a model without a server. */
  modelName(settings: Settings): string | undefined;
  load(settings: Settings): Promise<Model>;
}

export interface LanguageModelProvider extends Provider<ProviderSettings, LanguageModel> {
  /** If one of these is set, the provider is the default; its key first. */
  readonly chosenBy?: readonly (keyof ProviderValues)[];
  /** Asks the server for the model, at no cost, for `doctor`. @throws as a call does; undefined for a model without a server */
  check?(settings: ProviderSettings): Promise<void>;
}

export interface EmbedderProvider extends Provider<EmbeddingSettings, Embedder> {
  /** In words, for the documentation; undefined if there is no other. */
  readonly defaultModel?: string;
  /** Undefined: that of the model. */
  readonly defaultDimension?: number;
}

/** The values of MEMORY_MODELS. */
export type LanguageModelName = 'openai' | 'local';

export const LANGUAGE_MODELS: Readonly<Record<LanguageModelName, LanguageModelProvider>> = {
  openai: OPENAI.languageModel,
  local: LOCAL.languageModel,
};

/** The values of MEMORY_EMBEDDINGS. */
export type EmbedderName = 'openai' | 'local' | 'transformers';

export const EMBEDDERS: Readonly<Record<EmbedderName, EmbedderProvider>> = {
  openai: OPENAI.embedder,
  local: LOCAL.embedder,
  transformers: TRANSFORMERS.embedder,
};

/** The settings of the providers that have some, by their names: a part of `Config`. */
export interface ProviderSettings {
  readonly openai: OpenAISettings;
}

const PROVIDER_VARIABLES = { ...OPENAI.variables };

const readProviders = (values: ProviderValues): ProviderSettings => ({ openai: OPENAI.read(values) });

const providerShapes = (): MemberShapes<ProviderSettings> => ({ openai: OPENAI.shape() });

/** OpenAI or a server that speaks its protocol. */
export interface ModelServer {
  readonly apiKey?: string | undefined;
  /** Undefined: OpenAI itself. */
  readonly baseUrl?: string | undefined;
}

/** The embedder for MEMORY_EMBEDDING_BASE_URL, and the server that it asks if that is not set. */
const SERVER_EMBEDDER = {
  name: 'openai' satisfies EmbedderName,
  defaultServer: (values: ProviderValues): ModelServer => OPENAI.read(values),
} as const;

/** The embedder. */
export interface EmbeddingSettings extends ModelServer {
  readonly provider: EmbedderName;
  /** Undefined: the provider's default. */
  readonly model?: string | undefined;
  readonly dimension?: number | undefined;
}

/** The part of `Config` about models. */
export interface ModelSettings extends ProviderSettings {
  readonly models: LanguageModelName;
  readonly embeddings: EmbeddingSettings;
}

const languageModels = Object.keys(LANGUAGE_MODELS) as LanguageModelName[];
const embedders = Object.keys(EMBEDDERS) as EmbedderName[];
const embedderEntries = Object.entries(EMBEDDERS);
const defaultModels = embedderEntries.flatMap(([name, { defaultModel }]) =>
  defaultModel ? [`${defaultModel} for ${name}`] : [],
);
const defaultDimensions = embedderEntries.flatMap(([name, { defaultDimension }]) =>
  defaultDimension ? [`${defaultDimension} for ${name}`] : [],
);

/** Every environment variable about models. */
export const MODEL_VARIABLES = {
  MEMORY_MODELS: setting(
    z.optional(choiceSetting(languageModels)),
    undefined,
    `models that read episodes: ${listed(languageModels)}; default: the provider whose key or address is set, else local`,
  ),
  ...PROVIDER_VARIABLES,
  MEMORY_EMBEDDINGS: setting(
    z.optional(choiceSetting(embedders)),
    undefined,
    `embedder: ${listed(embedders)}; default: openai if MEMORY_EMBEDDING_BASE_URL is set, else the same as MEMORY_MODELS`,
  ),
  MEMORY_EMBEDDING_MODEL: optionalText(
    `embedding model, for transformers also a folder; default: ${defaultModels.join(', ')}`,
  ),
  MEMORY_EMBEDDING_DIM: setting(
    z.optional(integerSetting(8192, 'it must be a whole number from 1 to 8192')),
    undefined,
    `dimensions of a vector; default: ${defaultDimensions.join(', ')}, else those of the model; a graph keeps its dimension`,
  ),
  MEMORY_EMBEDDING_BASE_URL: setting(
    z.optional(serverAddress),
    undefined,
    'address of a compatible server for embeddings; default: OPENAI_BASE_URL',
  ),
  MEMORY_EMBEDDING_API_KEY: secret('key of the server for embeddings; default: OPENAI_API_KEY'),
};

type ProviderValues = ValuesOf<typeof PROVIDER_VARIABLES>;
type ModelValues = ValuesOf<typeof MODEL_VARIABLES>;

/** The language model when MEMORY_MODELS is not set, and why, in a phrase. */
export function defaultLanguageModel(values: ProviderValues): { name: LanguageModelName; reason: string } {
  const keys: string[] = [];
  for (const name of languageModels) {
    const { chosenBy = [] } = LANGUAGE_MODELS[name];
    const setting = chosenBy.find((variable) => values[variable]);
    if (setting) return { name, reason: `${setting} is set` };
    keys.push(...chosenBy.slice(0, 1));
  }
  return { name: 'local', reason: `neither MEMORY_MODELS nor ${keys.join(' nor ')} is set` };
}

export function readModels(values: ModelValues): ModelSettings {
  const models = values.MEMORY_MODELS ?? defaultLanguageModel(values).name;
  return { models, ...readProviders(values), embeddings: readEmbeddings(values, models) };
}

function readEmbeddings(values: ModelValues, models: LanguageModelName): EmbeddingSettings {
  const ownServer = values.MEMORY_EMBEDDING_BASE_URL;
  const { apiKey, baseUrl } = SERVER_EMBEDDER.defaultServer(values);
  // Not every provider of language models makes vectors.
  const sameAsModels = embedders.find((name) => name === models) ?? 'local';
  return {
    provider: values.MEMORY_EMBEDDINGS ?? (ownServer ? SERVER_EMBEDDER.name : sameAsModels),
    model: values.MEMORY_EMBEDDING_MODEL,
    dimension: values.MEMORY_EMBEDDING_DIM,
    // A key goes to no other server than the one that it was given for.
    apiKey: values.MEMORY_EMBEDDING_API_KEY ?? (ownServer ? undefined : apiKey),
    baseUrl: ownServer ?? baseUrl,
  };
}

/** The part of a configuration about models. */
export const modelSettingsOf = (config: ModelSettings): ModelSettings => {
  const names = Object.keys(modelShapes()) as (keyof ModelSettings)[];
  return Object.fromEntries(names.map((name) => [name, config[name]])) as unknown as ModelSettings;
};

/** The shapes of the part of `Config` about models, for programs that pass one. */
export const modelShapes = (): MemberShapes<ModelSettings> => ({
  models: oneOf(...languageModels),
  ...providerShapes(),
  embeddings: objectOf<EmbeddingSettings>({
    provider: oneOf(...embedders),
    ...{ apiKey: nonEmptyText, baseUrl: nonEmptyText, model: nonEmptyText, dimension: wholeNumber(1, 8192) },
  }),
});
