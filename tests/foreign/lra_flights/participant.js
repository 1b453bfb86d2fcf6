// Flights: a participant of MicroProfile LRA on Node's own HTTP server.
//
// POST   /flights             books seats in the context of the action named by Long-Running-Action
// PUT    /flights/compensate  gives them back; 410 for an action that it does not know, which then can start no more
// PUT    /flights/complete    the action closed well
// GET    /flights/status      Active, Compensated, Completed as plain text; 410 for an action that it does not know
// DELETE /flights/forget      what there is to remember of the action may go
//
// MUTANT plants one fault: forgets-null, active-for-ever, keeps-seats. `slow` is none: it answers 202 until the seats are given back.
const http = require('node:http')

const CONTEXT = 'long-running-action'
const MUTANT = process.env.MUTANT || ''
const free = new Map() // seats by flight
const actions = new Map() // by the action's URI: {state, flight, seats, refused, text}

function book (action, body) {
  const known = actions.get(action)
  const text = JSON.stringify(body)
  if (known && known.state !== 'Active') return [known.refused ? 409 : 412, { error: known.refused ? 'sold_out' : 'not_active' }]
  if (known) return known.text === text ? [200, { booked: known.seats }] : [422, { error: 'another_booking' }]
  const left = free.get(body.flight) ?? 0
  if (left < body.seats) {
    actions.set(action, { state: 'Refused', refused: true, text })
    return [409, { error: 'sold_out' }]
  }
  free.set(body.flight, left - body.seats)
  actions.set(action, { state: 'Active', flight: body.flight, seats: body.seats, text })
  return [200, { booked: body.seats }]
}

function giveBack (known) {
  free.set(known.flight, free.get(known.flight) + known.seats)
  known.state = 'Compensated'
}

function compensate (action) {
  const known = actions.get(action)
  if (!known) {
    if (MUTANT !== 'forgets-null') actions.set(action, { state: 'Compensated' })
    return [410]
  }
  if (known.state === 'Active' && MUTANT === 'slow') setTimeout(() => giveBack(known), 30)
  if (['Active', 'Compensating'].includes(known.state) && MUTANT === 'slow') {
    known.state = 'Compensating'
    return [202, 'Compensating']
  }
  if (known.state === 'Active' && MUTANT !== 'keeps-seats') giveBack(known)
  known.state = 'Compensated'
  return [200, 'Compensated']
}

function complete (action) {
  const known = actions.get(action)
  if (!known || known.state === 'Compensated') return [410]
  known.state = 'Completed'
  return [200, 'Completed']
}

function status (action) {
  const known = actions.get(action)
  if (!known || known.state === 'Refused') return [410]
  return [200, MUTANT === 'active-for-ever' ? 'Active' : known.state]
}

function forget (action) {
  return [actions.delete(action) ? 200 : 410]
}

function sold (flight) {
  const final = [...actions.values()].filter(one => one.state === 'Completed' && one.flight === flight)
  return final.reduce((sum, one) => sum + one.seats, 0)
}

// Brings about a precondition of the tests.
function bringAbout (state, { flight, seats, action }) {
  free.set(flight, seats)
  if (action) book(action, { flight, seats })
  if (state === 'seats are booked and final in') complete(action)
  return [200, {}]
}

function answer (method, path, action, body) {
  const calls = {
    'POST /flights': () => book(action, body),
    'PUT /flights/compensate': () => compensate(action),
    'PUT /flights/complete': () => complete(action),
    'GET /flights/status': () => status(action),
    'DELETE /flights/forget': () => forget(action)
  }
  const call = calls[`${method} ${path}`]
  if (call) return action ? call() : [412, { error: 'no_action' }]
  if (path === '/health') return [200, 'up']
  if (path === '/test/states') return bringAbout(body.state, body.params)
  const [, flight, what] = path.match(/^\/flights\/([^/]+)\/(seats|sold)$/) ?? []
  if (what === 'seats') return [200, { free: free.get(decodeURIComponent(flight)) ?? 0 }]
  return what === 'sold' ? [200, { sold: sold(decodeURIComponent(flight)) }] : [404]
}

http.createServer((request, response) => {
  const parts = []
  request.on('data', part => parts.push(part))
  request.on('end', () => {
    const text = Buffer.concat(parts).toString()
    const path = request.url.split('?')[0]
    const [code, said] = answer(request.method, path, request.headers[CONTEXT], text ? JSON.parse(text) : {})
    const plain = typeof said === 'string'
    const content = said === undefined ? '' : plain ? said : JSON.stringify(said)
    response.writeHead(code, content ? { 'Content-Type': plain ? 'text/plain;charset=UTF-8' : 'application/json' } : {})
    response.end(content)
  })
}).listen(Number(process.env.PORT), '127.0.0.1')
