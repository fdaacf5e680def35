// What the servers written in JavaScript share: the schema, the upstream's client, the loaders, and what is kept.
import DataLoader from 'dataloader'
import { Agent, request } from 'undici'

export const [port, upstream, mode] = process.argv.slice(2)
const agent = new Agent({ connections: 64 })
const BATCH = 150

async function get(path) {
  const answer = await request(upstream + path, { dispatcher: agent })
  if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode}`)
  return answer.body.json()
}

export const typeDefs = /* GraphQL */ `
  type Query { offerings(offset: Int!, limit: Int!): [Offering!]! }
  type Offering { id: ID! name: String! categories: [Category!]! specification: Specification prices: [Price!]! }
  type Category { id: ID! name: String! }
  type Specification { id: ID! name: String! brand: String }
  type Price { id: ID! name: String! net: Money }
  type Money { amount: String! currency: String! }
`

// Kept for the life of the process, so that a query is executed over data that is there: no promise is made for it.
const kept = mode === 'cached' ? { pages: new Map(), prices: new Map(), specifications: new Map() } : undefined

function loader(collection, fields, keep) {
  return new DataLoader(
    async (ids) => {
      const items = await get(`${collection}?fields=${fields}&id=${ids.join(',')}`)
      const found = new Map(items.map((item) => [item.id, item]))
      if (keep) for (const item of items) keep.set(item.id, item)
      return ids.map((id) => found.get(id))
    },
    { maxBatchSize: BATCH },
  )
}

export function context() {
  return {
    prices: loader('productOfferingPrice', 'id,name,price', kept?.prices),
    specifications: loader('productSpecification', 'id,name,brand', kept?.specifications),
  }
}

async function page(offset, limit) {
  const fields = 'id,name,category,productSpecification,productOfferingPrice'
  const found = await get(`productOffering?fields=${fields}&offset=${offset}&limit=${limit}`)
  kept?.pages.set(`${offset},${limit}`, found)
  return found
}

function many(keep, loaded, ids) {
  if (keep) {
    const found = ids.map((id) => keep.get(id))
    if (found.every((each) => each !== undefined)) return found
  }
  return Promise.all(ids.map((id) => loaded.load(id)))
}

export const resolvers = {
  Query: {
    offerings: (_, { offset, limit }) => kept?.pages.get(`${offset},${limit}`) ?? page(offset, limit),
  },
  Offering: {
    categories: (item) => item.category ?? [],
    specification: (item, _, context) => {
      const id = item.productSpecification?.id
      return id && (kept?.specifications.get(id) ?? context.specifications.load(id))
    },
    prices: (item, _, context) =>
      many(kept?.prices, context.prices, (item.productOfferingPrice ?? []).map((each) => each.id)),
  },
  Price: {
    net: (item) => item.price && { amount: String(item.price.value), currency: item.price.unit },
  },
}
