// TMF620 as a supergraph for Hive Gateway; mesh-compose reads this. UPSTREAM is the collections' base URL.
import { defineConfig } from '@graphql-mesh/compose-cli'
import { loadJSONSchemaSubgraph } from '@omnigraph/json-schema'

const text = { type: 'string' }
const object = (title, properties) => ({ type: 'object', title, properties, required: ['id', 'name'].filter((each) => each in properties) })
const list = (items) => ({ type: 'array', items })
const whole = { type: 'integer' }

const offering = object('Offering', {
  id: text,
  name: text,
  category: list(object('Category', { id: text, name: text })),
  productSpecification: object('SpecificationRef', { id: text }),
  productOfferingPrice: list(object('PriceRef', { id: text })),
})
const price = object('Price', { id: text, name: text, price: object('Money', { unit: text, value: { type: 'number' } }) })
const specification = object('Specification', { id: text, name: text, brand: text })

const get = (field, path, query, args, items) => ({
  type: 'Query',
  field,
  method: 'GET',
  path: `${path}?${query}`,
  argTypeMap: args,
  responseSchema: list(items),
})

const byIds = (field, path, fields, items) => ({
  ...get(field, path, `fields=${fields}`, { ids: { type: 'array', items: text } }, items),
  queryParamArgMap: { id: 'ids' },
  queryStringOptionsByParam: { id: { arrayFormat: 'comma' } },
})

export const composeConfig = defineConfig({
  subgraphs: [
    {
      sourceHandler: loadJSONSchemaSubgraph('catalog', {
        endpoint: process.env.UPSTREAM,
        operations: [
          get(
            'offerings',
            '/productOffering',
            'fields=id,name,category,productSpecification,productOfferingPrice&offset={args.offset}&limit={args.limit}',
            { offset: whole, limit: whole },
            offering,
          ),
          byIds('pricesByIds', '/productOfferingPrice', 'id,name,price', price),
          byIds('specificationsByIds', '/productSpecification', 'id,name,brand', specification),
        ],
      }),
    },
  ],
  additionalTypeDefs: /* GraphQL */ `
    extend type PriceRef {
      price: Price @resolveTo(sourceName: "catalog", sourceTypeName: "Query", sourceFieldName: "pricesByIds", keyField: "id", keysArg: "ids")
    }
    extend type SpecificationRef {
      specification: Specification @resolveTo(sourceName: "catalog", sourceTypeName: "Query", sourceFieldName: "specificationsByIds", keyField: "id", keysArg: "ids")
    }
  `,
})
