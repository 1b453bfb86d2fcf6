// Cakes that are accepted, baked and told of by a callback. Node's own HTTP server; each change is a line in a file, on the disk
// before anything is answered. What was under way when the process ended is gone on with at its next start.
//
// PUT    /cakes/KEY   202, 200 once it is baked, 422 without flour or for another cake under this key, 409 once it was given up
// DELETE /cakes/KEY   gives it up, be it baked, at work or never ordered
// GET    /cakes/KEY   what became of it; GET /shelf/CAKE: how many there are
//
// node bakery.js PORT FILE. MUTANT plants one fault: drops-work (at a restart), forgets (nothing lasts), forgets-giving-up,
// tells-first (calls back before it writes that it baked, and bakes once).
const fs = require('node:fs')
const http = require('node:http')

const [port, file] = process.argv.slice(2)
const MUTANT = process.env.MUTANT || ''
const BAKES_MS = 30
const AGAIN_MS = 50
const flour = new Map() // by cake
const orders = new Map() // by key
if (MUTANT !== 'forgets' && fs.existsSync(file)) {
  for (const line of fs.readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
    const { what, name, value } = JSON.parse(line)
    const kept = what === 'flour' ? flour : orders
    kept.set(name, value)
  }
}
const log = fs.openSync(file, 'a')

function write (what, name, value) {
  if (what === 'orders') orders.set(name, value)
  else flour.set(name, value)
  if (MUTANT === 'forgets-giving-up' && value.state === 'gone') return
  fs.writeSync(log, JSON.stringify({ what, name, value }) + '\n')
}

function order (key, { cake, callback_url: tells }) {
  const known = orders.get(key)
  if (known) {
    if (known.state === 'gone') return [409, {}]
    if (known.cake !== cake) return [422, { error: 'misused' }]
    if (known.state === 'refused') return [422, { error: 'no_flour' }]
    return [known.state === 'baked' ? 200 : 202, {}]
  }
  write('orders', key, { cake, tells, state: 'at work', told: false })
  setTimeout(bake, BAKES_MS, key)
  return [202, {}]
}

function bake (key) {
  const known = orders.get(key)
  if (known.state !== 'at work') return
  const done = { ...known, state: flour.get(known.cake) ? 'baked' : 'refused' }
  if (MUTANT === 'tells-first') {
    orders.set(key, done)
    tell(key)
    setTimeout(() => { if (orders.get(key).state === done.state) write('orders', key, orders.get(key)) }, 200)
    return
  }
  write('orders', key, done)
  tell(key)
}

function tell (key) {
  const known = orders.get(key)
  const body = JSON.stringify({ key, outcome: known.state === 'baked' ? 'done' : 'refused' })
  const again = () => setTimeout(tell, AGAIN_MS, key)
  const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length }
  const request = http.request(known.tells, { method: 'POST', headers }, (reply) => {
    reply.resume()
    if (reply.statusCode !== 204) again()
    else if (MUTANT !== 'tells-first') write('orders', key, { ...orders.get(key), told: true })
  })
  request.on('error', again)
  request.end(body)
}

function give_up (key) { // eslint-disable-line camelcase
  write('orders', key, { ...orders.get(key), state: 'gone' })
  return [200, {}]
}

function answer (method, path, body) {
  const [, what, name] = path.split('/').map(decodeURIComponent)
  if (path === '/health') return [200, {}]
  if (path === '/_states') {
    if (body.action !== 'teardown') write('flour', body.params.cake, body.params.there)
    return [200, {}]
  }
  if (what === 'shelf') return [200, { cakes: [...orders.values()].filter(one => one.cake === name && one.state === 'baked').length }]
  if (what !== 'cakes') return [404, {}]
  if (method === 'PUT') return order(name, body)
  if (method === 'DELETE') return give_up(name)
  return orders.has(name) ? [200, { state: orders.get(name).state }] : [404, {}]
}

http.createServer((request, response) => {
  const parts = []
  request.on('data', part => parts.push(part))
  request.on('end', () => {
    const [status, body] = answer(request.method, request.url, JSON.parse(Buffer.concat(parts).toString() || '{}'))
    const text = JSON.stringify(body)
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': text.length })
    response.end(text)
  })
}).listen(Number(port), '127.0.0.1')

if (!['drops-work', 'tells-first'].includes(MUTANT)) {
  for (const [key, known] of orders) {
    if (known.state === 'at work') setTimeout(bake, BAKES_MS, key)
    else if (['baked', 'refused'].includes(known.state) && !known.told) tell(key)
  }
}
