"""Uses every kind of call of the platform's gRPC interface, and says which ones went well.

    client.py ADDRESS DIRECTORY      (of the code that was generated from proto/)
"""

import queue
import sys
import time
import uuid

import grpc

sys.path.insert(0, sys.argv[2])

from google.rpc import error_details_pb2
from grpc_status import rpc_status
from orders.v1 import commands_pb2 as commands
from orders.v1 import commands_pb2_grpc
from orders.v1 import feed_pb2 as feed
from orders.v1 import feed_pb2_grpc
from orders.v1 import import_pb2 as imports
from orders.v1 import import_pb2_grpc
from orders.v1 import queries_pb2 as queries
from orders.v1 import queries_pb2_grpc
from orders.v1 import shipments_pb2 as shipments
from orders.v1 import shipments_pb2_grpc

PATIENCE_S = 60


def key():
    return str(uuid.uuid4())


def order():
    return commands.PlaceOrderRequest(
        request_id=key(),
        customer_id="17850",
        currency="EUR",
        lines=[commands.NewOrderLine(sku="A", quantity=1, unit_price=250)],
        payment_method="tok_approve",
    )


def unary(channel):
    stub = commands_pb2_grpc.OrderCommandsStub(channel)
    stub.ReceiveStock(
        commands.ReceiveStockRequest(request_id=key(), sku="A", quantity=1000),
        timeout=PATIENCE_S,
    )
    request = order()
    placed = stub.PlaceOrder(request, timeout=PATIENCE_S)
    again = stub.PlaceOrder(request, timeout=PATIENCE_S)
    assert again.receipt.replayed and not placed.receipt.replayed
    assert again.order.order_id == placed.order.order_id
    return placed


def server_streaming(channel, placed):
    stub = queries_pb2_grpc.OrderQueriesStub(channel)
    watch = queries.WatchOrderRequest(
        order_id=placed.order.order_id,
        read_your_writes=queries.ReadYourWrites(
            consistency_token=placed.receipt.consistency_token, wait_seconds=5
        ),
    )
    for seen in stub.WatchOrder(watch, timeout=PATIENCE_S):
        if seen.order.status == "confirmed":
            return
    raise AssertionError("it ended before the order was confirmed")


def shipment(channel, placed):
    stub = queries_pb2_grpc.OrderQueriesStub(channel)
    asked = queries.GetOrderRequest(order_id=placed.order.order_id)
    until = time.monotonic() + PATIENCE_S
    while not (found := stub.GetOrder(asked, timeout=PATIENCE_S).order.shipments):
        assert time.monotonic() < until, "the order has no shipment"
        time.sleep(0.05)
    stub = shipments_pb2_grpc.ShipmentCommandsStub(channel)
    request = shipments.PackShipmentRequest(
        request_id=key(), shipment_id=found[0].shipment_id
    )
    packed = stub.PackShipment(request, timeout=PATIENCE_S)
    again = stub.PackShipment(request, timeout=PATIENCE_S)
    assert packed.shipment.order_id == placed.order.order_id, packed
    assert again.receipt.replayed and not packed.receipt.replayed


def client_streaming(channel):
    stub = import_pb2_grpc.OrderImportStub(channel)
    items = [imports.ImportOrdersRequest(place_order=order()) for _ in range(100)]
    answer = stub.ImportOrders(iter(items), timeout=PATIENCE_S)
    assert (answer.done, answer.replayed, answer.failed) == (100, 0, 0), answer
    answer = stub.ImportOrders(iter(items), timeout=PATIENCE_S)
    assert (answer.done, answer.replayed, answer.failed) == (0, 100, 0), answer


def bidirectional(channel):
    stub = feed_pb2_grpc.OrderFeedStub(channel)
    say = queue.Queue()
    say.put(
        feed.SubscribeRequest(
            subscribe=feed.Subscribe(types=["OrderPlaced"], max_unacknowledged=10)
        )
    )
    orders, last = set(), 0
    told = stub.Subscribe(iter(say.get, None), timeout=PATIENCE_S)
    for message in told:
        if message.HasField("caught_up"):
            break
        assert message.event.position > last
        last = message.event.position
        orders.add(message.event.stream)
        say.put(
            feed.SubscribeRequest(
                acknowledge=feed.Acknowledge(cursor=message.event.cursor)
            )
        )
    say.put(None)
    assert len(orders) == 101, len(orders)


def errors(channel):
    stub = commands_pb2_grpc.OrderCommandsStub(channel)
    request = order()
    request.lines[0].quantity = 0
    try:
        stub.PlaceOrder(request, timeout=PATIENCE_S)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
        details = {}
        for detail in rpc_status.from_call(error).details:
            for kind in (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest):
                if detail.Is(kind.DESCRIPTOR):
                    details[kind] = kind()
                    detail.Unpack(details[kind])
        info = details[error_details_pb2.ErrorInfo]
        assert (info.reason, info.domain) == ("QUANTITY_OUT_OF_RANGE", "orders"), info
        wrong = details[error_details_pb2.BadRequest].field_violations[0]
        assert wrong.field == "lines[0].quantity", wrong
        return
    raise AssertionError("nothing was wrong")


def main():
    # No proxy lies between this and a server on the same machine.
    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(sys.argv[1], options=options) as channel:
        placed = unary(channel)
        print("unary")
        server_streaming(channel, placed)
        print("server streaming")
        shipment(channel, placed)
        print("shipment")
        client_streaming(channel)
        print("client streaming")
        bidirectional(channel)
        print("bidirectional")
        errors(channel)
        print("errors")


main()
