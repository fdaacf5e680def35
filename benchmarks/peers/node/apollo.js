// Apollo Server with DataLoader; its response cache for whole answers.
import { ApolloServer } from '@apollo/server'
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl'
import { startStandaloneServer } from '@apollo/server/standalone'
import responseCache from '@apollo/server-plugin-response-cache'
import { context, mode, port, resolvers, typeDefs } from './work.js'

const plugins =
  mode === 'whole' ? [ApolloServerPluginCacheControl({ defaultMaxAge: 300 }), responseCache()] : []
const server = new ApolloServer({ typeDefs, resolvers, plugins })
await startStandaloneServer(server, { listen: { port: Number(port), host: '127.0.0.1' }, context: async () => context() })
