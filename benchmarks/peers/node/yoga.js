// GraphQL Yoga with graphql-jit and DataLoader; its response cache for whole answers.
import { createServer } from 'node:http'
import { useGraphQlJit } from '@envelop/graphql-jit'
import { useResponseCache } from '@graphql-yoga/plugin-response-cache'
import { createSchema, createYoga } from 'graphql-yoga'
import { context, mode, port, resolvers, typeDefs } from './work.js'

const plugins = [useGraphQlJit()]
if (mode === 'whole') plugins.push(useResponseCache({ session: () => null, ttl: 300_000 }))
const yoga = createYoga({ schema: createSchema({ typeDefs, resolvers }), context, plugins, graphiql: false, logging: false })
createServer(yoga).listen(Number(port), '127.0.0.1')
