"""The parts of a prediction's result: blobs, of which part 0 describes the columns and each further one has rows."""

from sqlalchemy import Connection, delete, insert, select

from service.store.tables import prediction_parts as table


def add_part(connection: Connection, prediction: int, part: int, address: str) -> None:
    """Point to the blob of a part, in a transaction that has called `references.pointing`."""
    connection.execute(insert(table).values(prediction=prediction, part=part, address=address))


def addresses_of(connection: Connection, prediction: int) -> tuple[str, ...]:
    """Return the addresses of the parts, in their order."""
    query = select(table.c.address).where(table.c.prediction == prediction).order_by(table.c.part)
    return tuple(connection.execute(query).scalars())


def drop_parts(connection: Connection, prediction: int) -> tuple[str, ...]:
    """Delete the rows of all parts; return the addresses of their blobs."""
    addresses = addresses_of(connection, prediction)
    connection.execute(delete(table).where(table.c.prediction == prediction))
    return addresses
