// An HTTP/2 server over TLS on 127.0.0.1 that answers with the body it got and the protocol it came by. It prints its
// port and ends when its standard input does. Arguments: certificate and key, PEM files.
'use strict'
const fs = require('node:fs')
const http2 = require('node:http2')

const [cert, key] = process.argv.slice(2, 4).map((file) => fs.readFileSync(file))
const server = http2.createSecureServer({ cert, key, allowHTTP1: true }, (request, answer) => {
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    answer.setHeader('x-protocol', request.httpVersion)
    answer.setHeader('x-connection', String(request.socket.remotePort))
    answer.end(Buffer.concat(parts))
  })
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.stdin.resume()
process.stdin.on('end', () => process.exit())
