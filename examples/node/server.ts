// The `/ws` contract over the package `ws`: point a client at ws://127.0.0.1:3000/ws. The core reads and writes the messages;
// this only carries them. `PORT` chooses another port, 0 a free one.
import { setTimeout as pause } from 'node:timers/promises'
import { Agent, local } from 'voice-agent'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'

const agent = new Agent({ llm: local.llm(), greeting: 'Hello!' })
const bytes = (data: RawData): Buffer => (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer))

async function talk(socket: WebSocket): Promise<void> {
  const inbox: Array<string | Buffer> = []
  let arrived = () => {}
  socket.on('message', (data, binary) => {
    inbox.push(binary ? bytes(data) : bytes(data).toString())
    arrived()
    if (inbox.length > 64) socket.pause()
  })
  const next = () => new Promise<void>((resolve) => (inbox.length > 0 ? resolve() : (arrived = resolve)))
  await Promise.race([next(), pause(250)]) // `ready` goes out unasked after 250 ms.
  await using session = await agent.accept(inbox.shift())
  socket.on('close', () => void session.close())
  const reading = async () => {
    for (;;) {
      await next()
      for (let message = inbox.shift(); message !== undefined; message = inbox.shift()) await session.receive(message)
      socket.resume()
    }
  }
  reading().catch((error: { closeCode?: number }) => socket.close(error.closeCode ?? 1011))
  for await (const message of session) socket.send(message)
  socket.close(1000)
}

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000), path: '/ws' })
server.on('listening', () => console.log('listening on', server.address()))
server.on('connection', (socket) => void talk(socket).catch((error) => (console.error(error), socket.close(1011))))
