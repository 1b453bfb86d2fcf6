// Bookings: ids come from the server, and a booking is found again by the order that it was made for. Node's own HTTP server.
//
// POST   /bookings          books a room: 201 with the id, 409 when none is free; repeated under its Idempotency-Key: as the first time
// GET    /bookings?order=O  those of an order
// GET    /bookings/ID       one
// DELETE /bookings/ID       gives the room back; 404 for an id that there never was
//
// MUTANT plants one fault: new-id-each-time, hides (the look-up finds nothing), keeps-rooms.
const http = require('node:http')

const MUTANT = process.env.MUTANT || ''
const rooms = new Map() // free rooms by hotel
const bookings = new Map() // by id
const byKey = new Map() // what a key was answered

function book (key, body) {
  const text = JSON.stringify(body)
  const known = byKey.get(key)
  if (known) {
    if (known.text !== text) return [422, { error: 'key_reused' }]
    return MUTANT === 'new-id-each-time' && known.answer[0] === 201 ? [201, { ...known.answer[1], id: newId() }] : known.answer
  }
  const free = rooms.get(body.hotel) ?? 0
  let answer = [409, { error: 'full' }]
  if (free > 0) {
    const booking = { id: newId(), order: body.order, hotel: body.hotel, state: 'booked' }
    bookings.set(booking.id, booking)
    rooms.set(body.hotel, free - 1)
    answer = [201, { id: booking.id, state: 'booked' }]
  }
  byKey.set(key, { text, answer })
  return answer
}

let made = 0
function newId () {
  return `bk_${++made}`
}

function cancel (id) {
  const booking = bookings.get(id)
  if (!booking) return [404, { error: 'no_such_booking' }]
  if (booking.state === 'booked' && MUTANT !== 'keeps-rooms') rooms.set(booking.hotel, rooms.get(booking.hotel) + 1)
  booking.state = 'cancelled'
  return [200, { id, state: 'cancelled' }]
}

function answer (method, url, key, body) {
  const id = decodeURIComponent(url.pathname.split('/')[2] ?? '')
  if (method === 'POST' && url.pathname === '/bookings') return key ? book(key, body) : [400, { error: 'no_key' }]
  if (method === 'GET' && url.pathname === '/bookings') {
    const found = [...bookings.values()].filter(one => one.order === url.searchParams.get('order') && MUTANT !== 'hides')
    return [200, { items: found, total: found.length }]
  }
  if (method === 'DELETE') return cancel(id)
  if (url.pathname.startsWith('/bookings/')) return bookings.has(id) ? [200, bookings.get(id)] : [404, { error: 'no_such_booking' }]
  if (url.pathname.startsWith('/hotels/')) return [200, { free: rooms.get(id) ?? 0 }]
  if (url.pathname === '/test/states') return rooms.set(body.params.hotel, body.params.free) && [200, {}]
  return [url.pathname === '/health' ? 200 : 404, {}]
}

http.createServer((request, response) => {
  const parts = []
  request.on('data', part => parts.push(part))
  request.on('end', () => {
    const text = Buffer.concat(parts).toString()
    const url = new URL(request.url, 'http://bookings')
    const [code, said] = answer(request.method, url, request.headers['idempotency-key'], text ? JSON.parse(text) : {})
    response.writeHead(code, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(said))
  })
}).listen(Number(process.env.PORT), '127.0.0.1')
