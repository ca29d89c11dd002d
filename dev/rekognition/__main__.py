"""Start the local Rekognition: `python -m dev.rekognition --help`."""

if __name__ == "__main__":
    from dev.rekognition.serving import main  # the processes of the pool import this module too, and serve nothing

    main()
